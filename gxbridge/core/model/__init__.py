"""The values that every room shares: battery, finding, item, permission, firmware version, unit conversions. It imports
no other room; a type enters when two rooms need it."""
