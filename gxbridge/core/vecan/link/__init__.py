"""LINK out: what is written to `/Link/*` on D-Bus, as registers to the chargers of a VE.Can port. Words, verdicts of
the last gate and messages enter; orders to send, what devices show, and findings leave. Nothing is sent from here."""
