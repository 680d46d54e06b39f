"""The version of the track builder; cached tracks of another version are built anew."""

BUILDER_VERSION = 8  # raise it whenever a change alters a built track
