"""What lesson 18 claims: asserted in its kernel, after its last cell."""
