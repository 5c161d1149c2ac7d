"""A verified local mirror of exports that a cloud delivers into an object store, whichever store it is."""
