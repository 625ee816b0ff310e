"""What each solar charger, alternator, inverter and Multi is told, and how a limit is shared among them."""
