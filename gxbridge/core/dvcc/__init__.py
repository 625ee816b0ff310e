"""The decision: how much may be charged and discharged, and why. Values of D-Bus services and our own batteries enter;
a decision, orders for chargers and inverters, and findings leave. Order: `read`, `limit`, `tell`, `explain`, `run`."""
