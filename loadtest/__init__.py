"""Programs that put load on servers, and measure what it costs them."""
