"""ac_gym: a Gymnasium package for learning to drive in Assetto Corsa, with or without the game."""
