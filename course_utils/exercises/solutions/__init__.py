"""Reference solutions, one module per lesson; each has the name and signature of its exercise."""
