"""Running a plan again and again: by the clock, when its source changes, or by somebody else's timer."""
