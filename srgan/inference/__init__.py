"""One picture: what is given, which model suits it, its tiles, its alpha, its size."""
