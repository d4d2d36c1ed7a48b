"""The admin site's addresses of one company, under `admin/klient/<number>/`."""

from django.urls import path

from access.administration import company, matrix, roles

urlpatterns = [
    path("", company.front, name="company"),
    path("personer/", company.people, name="people"),
    path("foretak/", company.facts, name="facts"),
    path("roller/", matrix.role_matrix, name="roles"),
    path("roller/endringer", matrix.review, name="roles_review"),
    path("roller/lagre", matrix.save, name="roles_save"),
    path("roller/ny", roles.new, name="role_new"),
    path("roller/<int:role_id>/kopier", roles.copy, name="role_copy"),
    path("roller/<int:role_id>/navn", roles.rename, name="role_rename"),
    path("roller/<int:role_id>/slett", roles.delete, name="role_delete"),
]
