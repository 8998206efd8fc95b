"""What two diseases share in GEO, as data assets."""
