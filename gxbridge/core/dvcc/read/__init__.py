"""The door of the decision: values of D-Bus services enter and leave typed, checked for plausibility, with their
quirks."""
