"""What pictures suffer: pure functions of a picture and a random generator, each with its source."""
