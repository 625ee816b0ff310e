"""BMSes with two wires, allow-to-charge and allow-to-discharge. States of digital inputs enter; permissions leave."""
