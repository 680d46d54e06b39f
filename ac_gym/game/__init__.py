"""The running game: its messages, the connection to its plugin, controls and installation."""
