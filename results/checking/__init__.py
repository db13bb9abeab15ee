"""Every file of a store held against its checksum."""
