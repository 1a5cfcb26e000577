"""What editors do: the use cases between the HTTP surface and the store."""
