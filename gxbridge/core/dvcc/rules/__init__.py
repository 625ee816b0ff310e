"""The user's own rules, which only lower: curves with hysteresis, hold and rise rate, a storage profile, full charges.
Measured values and the local time enter as numbers; verdicts, each with value and words, leave."""
