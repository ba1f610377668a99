"""What lesson 13 claims of any data set; and the numbers in its text, of MNIST."""

assert True
