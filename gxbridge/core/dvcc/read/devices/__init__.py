"""Each service as a value with types: batteries, chargers, Multis and the rest, and what is special about some."""
