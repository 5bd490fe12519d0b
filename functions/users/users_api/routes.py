"""The users service's routes."""

from pyairtable_common.web.routing import Router
from users_api import routes_account, routes_people, routes_preferences, routes_profile

router = Router()
router.include(routes_profile.router)
router.include(routes_preferences.router)
router.include(routes_people.router)
router.include(routes_account.router)
