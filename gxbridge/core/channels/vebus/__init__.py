"""VE.Bus BMSes. The values of `com.victronenergy.vebus.*` and MK2 bytes enter; permissions and findings leave."""
