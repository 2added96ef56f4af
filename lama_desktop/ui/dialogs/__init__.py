"""Dialogs: windows of their own. None is modal over work that could go on."""
