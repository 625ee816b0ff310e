"""SocketCAN and everything else that python-can opens: frames, their losses, and the CAN ports of this machine."""
