"""What the game tells of itself: its shared-memory pages."""
