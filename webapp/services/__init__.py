"""What the business does. Functions take a session, flush, and leave the commit to the edge that called them."""
