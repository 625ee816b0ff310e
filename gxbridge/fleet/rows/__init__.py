"""What a log or a black box says, as rows of the tables. Frames and recorded events enter, played through this
version's core; rows without names leave."""
