"""From a place that perl recorded to a range of text on this disk: never guessed, and said when it is not known."""
