"""Many blots, on one machine or many, unattended.

`discovery` finds them, `one_blot` does one of them, `engines` says where, `done` what needs no more work,
`joined_tables` and `index_page` what all of them show together; `run` puts it together.
"""
