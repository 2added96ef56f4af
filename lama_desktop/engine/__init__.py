"""From a picture and a mask to the picture without what was masked: numpy in, numpy out, no Qt."""
