"""Publishing through Redis without HTTP: messages on a stream or a channel are the writes of an editor."""
