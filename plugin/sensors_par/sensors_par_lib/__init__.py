"""What the in-game app `sensors_par` is made of. Python 3.3, standard library only: it runs inside the game."""

VERSION = "0.3.0"

# Of our own extras (binary state, framed management); the text formats of assetto_corsa_gym have no number.
PROTOCOL = 1
