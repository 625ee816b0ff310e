"""What BMSes say that are not on VE.Can: through the VE.Bus, by two wires, by Bluetooth. D-Bus values and
advertisements enter; permissions and findings leave. A channel may restrict; Bluetooth never grants."""
