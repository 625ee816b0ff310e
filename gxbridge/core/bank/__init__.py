"""Several batteries in parallel as one: which belong to a bank, what it says as a whole and by which member. Batteries
as they count enter; figures with their reasons, a battery for the decision and findings leave."""
