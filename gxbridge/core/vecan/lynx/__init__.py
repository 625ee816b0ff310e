"""How a Lynx BMS says its values: register by register, and its distributors. Register values enter; parts of a battery
leave."""
