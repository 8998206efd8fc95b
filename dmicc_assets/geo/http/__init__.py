"""The way to servers and disks: requests, retries, pace, and the content-addressed cache. Bytes only."""
