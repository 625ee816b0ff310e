"""The devices on a VE.Can bus: who is there, what each said last, and everything that may be sent. Messages enter;
batteries, findings and frames leave."""
