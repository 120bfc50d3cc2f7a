"""What is learnt from: pictures found, decoded, cut and degraded."""
