"""The picture and its history: plain data and pure functions; numpy and cv2, no Qt widgets, no torch."""
