"""A thin driver of the demo's signer: one scenario, its genuine responses, and everything an attacker does to them."""
