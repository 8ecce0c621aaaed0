"""Plays a sample file: instructions and events at their times, people and officers as scripted."""
