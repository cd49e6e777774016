import dns.exception
import dns.name
from django import forms
from django.core.exceptions import ValidationError

from demo.dns.zones import Record, Zone
from demo.models import DnsRecord, DnsZone


class TxtRecordForm(forms.ModelForm):
    """A TXT record, entered as at a DNS host: the name without the zone, the value without quotes."""

    class Meta:
        model = DnsRecord
        fields = ("name", "value")
        labels = {"name": "Name", "value": "Value"}

    def __init__(self, *args: object, zone: DnsZone, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # handed on as they came
        self.zone = zone
        self.fields["name"].help_text = (
            f"The part before .{zone.name}; @ for {zone.name} itself. As with most DNS hosts, the zone is added behind "
            f"whatever stands here."
        )
        self.fields["name"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        self.fields["value"].widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip().lower()
        try:
            dns.name.from_text(name, dns.name.from_text(self.zone.name))
        except dns.exception.DNSException as error:
            raise ValidationError("This can't be a name in DNS. Use letters, digits, hyphens and dots.") from error
        if name.endswith(".") or not name.isascii():
            raise ValidationError("Enter the name without a dot at its end, in plain letters.")
        return name

    def clean(self) -> dict[str, object]:
        """Raises if the zone couldn't be served with this record, for instance beside an alias (RFC 1034 s3.6.2)."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        siblings = self.zone.records.filter(name=cleaned["name"])
        if siblings.filter(type="CNAME").exists():
            raise ValidationError("An alias (CNAME) has this name, and nothing may stand beside an alias.")
        if siblings.filter(type="TXT", value=cleaned["value"]).exists():
            raise ValidationError("This very record is there already.")
        try:
            _ = Zone(self.zone.name, (Record(cleaned["name"], "TXT", cleaned["value"]),)).nodes
        except dns.exception.DNSException as error:
            raise ValidationError("This record can't be written in DNS.") from error
        return cleaned
