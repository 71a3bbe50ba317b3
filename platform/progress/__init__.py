"""What each person has done in each lesson: steps, predictions, checks, hints, time."""
