"""Binary logs of CAN buses, and the trace of a VE.Bus interface."""
