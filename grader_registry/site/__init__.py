"""A store as a static site for people, which is an https index for machines too."""
