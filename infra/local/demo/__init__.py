"""The demo base: open data of OurAirports, loaded through the HTTP API as any client would."""
