"""Products with their roles, seat tiers and plans: data, loaded from products.toml by `manage.py load_products`."""

from django.db import models


class Product(models.Model):
    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """`rank` ascends with power. A sole role (primary owner) is held by exactly one member of each organization."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="roles")
    slug = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    rank = models.PositiveSmallIntegerField()
    manages_identity = models.BooleanField(default=False)
    is_sole = models.BooleanField(default=False)

    class Meta:
        ordering = ["product", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["product", "slug"], name="role_slug_is_unique_in_product"),
            models.UniqueConstraint(
                fields=["product"], condition=models.Q(is_sole=True), name="product_has_one_sole_role"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SeatTier(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="seat_tiers")
    slug = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    rank = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["product", "rank"]
        constraints = [models.UniqueConstraint(fields=["product", "slug"], name="tier_slug_is_unique_in_product")]

    def __str__(self) -> str:
        return self.name


class Plan(models.Model):
    """What was bought: whether SSO is included and whether a new organization gets a parent of its own."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="plans")
    slug = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    includes_sso = models.BooleanField(default=False)
    creates_parent = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "slug"], name="plan_slug_is_unique_in_product")]

    def __str__(self) -> str:
        return f"{self.product} {self.name}"
