"""The slow work: the dispatcher that sends tickets, the workers that follow them."""
