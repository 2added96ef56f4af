"""How the networks of the paper are trained: headless, from one CPU to many machines."""
