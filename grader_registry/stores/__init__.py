"""Where published specs lie."""
