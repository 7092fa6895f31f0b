"""What people are shown: status, inspection, later digest and charts."""
