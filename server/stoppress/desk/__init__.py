"""What open desks need to know of a blog and of each other, without the network: drafts, presence and figures."""
