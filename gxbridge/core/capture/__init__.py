"""A recording without what tells whose it is. Frames and D-Bus values enter; they leave with serials, unique numbers,
names and places replaced, each always by the same, and without what is not certain to be harmless."""
