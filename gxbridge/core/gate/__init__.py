"""The last gate: it reads the raw words of every BMS itself, shares no rule with the decision, and lets no write pass
that breaks one of its own. Writes and raw words enter; what may leave, and findings, leave."""
