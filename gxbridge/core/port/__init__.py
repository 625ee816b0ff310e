"""The devices of a VE.Can port that gxbridge has to itself, as D-Bus services like the vendor's. Devices of
`core/vecan` and the tables of `can_db/devices` enter; services, what clients may write there, and findings leave."""
